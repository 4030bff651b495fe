export const handler = async (event) => ({ route: event.routeKey });
