"""What is published about the contract: schemas, AsyncAPI, a page, and the guard over them.

`generate` writes them, `check` compares them with the models; nothing here runs in a service.
"""
