/** Leveret's own version. A constant, so that it survives bundlers; a test compares it with package.json. */
export const VERSION = '0.1.0';
