/** The part of JSON schema that the routes use, and so the OpenAPI document. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly default?: unknown;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly items?: JsonSchema;
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
}

/** The fields of an object. */
export interface JsonProperties {
  readonly [name: string]: JsonSchema;
}

/** A body or an answer by media type. */
export interface JsonContent {
  readonly description?: string;
  readonly content: { readonly [mediaType: string]: { readonly schema: JsonSchema } };
}

/** What a route takes and answers. */
export interface RouteSchema {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  /** Empty: no log-in is asked for. Absent: one is. */
  readonly security?: readonly [];
  readonly consumes?: readonly string[];
  readonly params?: JsonSchema;
  readonly querystring?: JsonSchema;
  readonly headers?: JsonSchema;
  readonly body?: JsonSchema | JsonContent;
  /** By status. */
  readonly response?: { readonly [status: string]: JsonSchema | JsonContent };
}
