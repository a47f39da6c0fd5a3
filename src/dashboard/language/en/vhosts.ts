export const vhosts = {};
