import type { Method, MethodName } from '../codec/methods.ts';

/** The method of that name, with its arguments. */
export type MethodOf<N extends MethodName> = Extract<Method, { readonly name: N }>;
