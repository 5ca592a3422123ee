"""A subscriber of the petitions' events, as another service would write it.

It imports nothing of the product: the contract is the topic, the feed and the snapshot.
"""
