"""The sample register: fictional enterprises that add up to the province's published figures.

It is a sample and says so: every name ends in "(mẫu)", every reference begins with "MAU-", the
source is `/vn/lang-son/dkkd-sample`. It comes in as an upstream system would send it, through the
intake topic; its petitions come in as an older portal's history, through the import
door. `python -m deploy.sample load | report | write`.
"""
