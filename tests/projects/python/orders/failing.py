class OutOfTea(Exception):
    pass


def lambda_handler(event, context):
    raise OutOfTea("no tea")
