/** What is known of the signature of an `.mcpb` bundle, as text for people. */
import type { McpbSignature } from '@mcp-daemon/mount';

import { oneLine } from '../terminal/text.js';

const quoted = (name: string): string => `"${oneLine(name, 80)}"`;

/**
 * The line about a signature.
 *
 * @param warning adds what says that a line is a warning
 * @param now milliseconds since 1970. Default: the clock
 */
export function signatureText(signature: McpbSignature, warning: (text: string) => string, now = Date.now()): string {
  switch (signature.state) {
    case 'none':
      return 'not signed';
    case 'broken':
      return warning(`its signature is wrong: ${oneLine(signature.problem, 200)}`);
    case 'unknown':
      return warning(`its signature cannot be checked: it ${oneLine(signature.problem, 200)}`);
    case 'valid': {
      const { signer, issuer, isSelfSigned, ends, fingerprint } = signature;
      const by = isSelfSigned ? 'a certificate of its own, which anyone can make' : `a certificate that ${quoted(issuer)} issued`;
      const until = `${ends < now ? 'expired on' : 'valid until'} ${new Date(ends).toISOString().slice(0, 10)}`;
      const trust = isSelfSigned ? '' : '; whether that issuer can be trusted is not checked';
      return `unchanged since ${quoted(signer)} signed it, with ${by} (${until}, SHA-256 ${fingerprint})${trust}`;
    }
  }
}
