export const notes = new Map([["1", "milk"], ["2", "bread"]]);
