"""LocalStack Examples: the complete program, and the two commands that it prints."""

from guide import *

made = run("complete")
expect(made["role"]["Role"]["Arn"].rsplit("/", 1)[1], "APIGatewayLambdaRole")
status, headers, said = curl(f"{made['api_url']}/users")
expect((status, headers["Content-Type"]), (200, "application/json"))
expect(said, [{"id": "1", "name": "Alice"}, {"id": "2", "name": "Bob"}])
status, _, said = curl(f"{made['api_url']}/users", "POST", '{"name": "Charlie"}')
expect((status, said), (201, {"id": "3", "name": "Charlie"}))
