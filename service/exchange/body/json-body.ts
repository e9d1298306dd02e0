/** The headers of a response that is JSON. */
export const JSON_BODY: readonly string[] = ['Content-Type', 'application/json'];
