import { notes } from "./store.mjs";

export const list = async ({ pathParameters }) => {
  if (!pathParameters) return [...notes.values()];
  const note = notes.get(pathParameters.id);
  return note ? { note } : { statusCode: 404, body: "no such note" };
};
