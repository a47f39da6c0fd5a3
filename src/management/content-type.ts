const JSON_TYPE = /^application\/json *(?:;|$)/i;

/** Whether a Content-Type says that the body is JSON. */
export function isJsonType(contentType: string): boolean {
  return JSON_TYPE.test(contentType);
}
