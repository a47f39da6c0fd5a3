import type { BrokerEvent, TokenVerifier } from '../core/environment.ts';
import { nodeClock } from './node-clock.ts';
import type { OptionValues } from './options.ts';

/**
 * What the options say about tokens; undefined when nobody logs in with one, and then nothing is loaded for it.
 *
 * @throws OptionError when the keys cannot be read.
 */
export async function openTokens(
  values: OptionValues,
  onEvent: (event: BrokerEvent) => void,
): Promise<TokenVerifier | undefined> {
  const { oauthJwks, oauthIssuer, oauthResourceServerId, oauthScopePrefix } = values;
  if (oauthJwks === '') return undefined;
  const [{ JwtVerifier }, { tokenKeys }] = await Promise.all([
    import('./jwt-verifier.ts'),
    import('./token-keys.ts'),
  ]);
  return new JwtVerifier({
    keys: tokenKeys(oauthJwks, onEvent),
    issuer: oauthIssuer,
    audience: oauthResourceServerId,
    scopePrefix: oauthScopePrefix === 'none' ? '' : oauthScopePrefix || `${oauthResourceServerId}.`,
    algorithms: values.oauthAlgorithms,
    usernameClaims: values.oauthUsernameClaims,
    wallMs: () => nodeClock.wallMs(),
  });
}
