export const exchanges = {};
