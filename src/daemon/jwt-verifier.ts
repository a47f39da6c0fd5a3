import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import type { TokenVerifier, VerifiedToken } from '../core/environment.ts';
import type { TokenAlgorithm } from './token-algorithms.ts';

/** Clocks of two machines that are set by the network differ by less. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** Three parts, the first of which begins with `{"` in base64. */
const JWT = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;

export interface JwtVerifierOptions {
  readonly keys: JWTVerifyGetKey;
  /** '': anybody who signs with these keys. */
  readonly issuer: string;
  readonly audience: string;
  readonly scopePrefix: string;
  readonly algorithms: readonly TokenAlgorithm[];
  readonly usernameClaims: readonly string[];
  /** Milliseconds since 1970. */
  wallMs(): number;
}

/** JSON Web Tokens, read as RabbitMQ's OAuth 2 plugin reads them. */
export class JwtVerifier implements TokenVerifier {
  readonly #options: JwtVerifierOptions;

  constructor(options: JwtVerifierOptions) {
    this.#options = options;
  }

  isToken(text: string): boolean {
    return JWT.test(text);
  }

  verify(token: string, done: (result: VerifiedToken | { readonly refused: string }) => void): void {
    this.#verified(token).then(done, (error: unknown) => done({ refused: `token: ${reasonOf(error)}` }));
  }

  async #verified(token: string): Promise<VerifiedToken | { readonly refused: string }> {
    const { keys, issuer, audience, algorithms, wallMs } = this.#options;
    const { payload } = await jwtVerify(token, keys, {
      audience,
      ...(issuer === '' ? {} : { issuer }),
      algorithms: [...algorithms],
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(wallMs()),
    });
    const username = this.#usernameOf(payload);
    if (username === undefined) {
      return { refused: `token: none of the claims ${this.#options.usernameClaims.join(', ')} names a user` };
    }
    // an old token may be of use for as long as clocks may differ
    const expiresAtMs = ((payload.exp ?? 0) + CLOCK_TOLERANCE_SECONDS) * 1000;
    return { username, scopes: this.#scopesOf(payload), expiresAtMs };
  }

  #usernameOf(payload: JWTPayload): string | undefined {
    for (const claim of this.#options.usernameClaims) {
      const value = Object.hasOwn(payload, claim) ? payload[claim] : undefined;
      if (typeof value === 'string' && value !== '') return value;
    }
    return undefined;
  }

  /** A list, or a text with spaces in between; those for others are left out. */
  #scopesOf({ scope }: JWTPayload): readonly string[] {
    const { scopePrefix } = this.#options;
    const all: readonly unknown[] =
      typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope : [];
    return all.flatMap((each) =>
      typeof each === 'string' && each.startsWith(scopePrefix) ? [each.slice(scopePrefix.length)] : [],
    );
  }
}

/** What jose says is wrong with a token; it names claims, and never the token. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JOSEError) return error.message;
  return `its keys cannot be had: ${error instanceof Error ? error.message : String(error)}`;
}
