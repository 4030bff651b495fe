exports.handler = async (event) => ({
  statusCode: 200,
  body: JSON.stringify({
    message: `${process.env.GREETING}, ${event.queryStringParameters?.name ?? "world"}`,
    method: event.httpMethod,
    rest: event.pathParameters?.proxy ?? null,
  }),
});
