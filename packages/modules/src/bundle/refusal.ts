/** The error for a bundle that is not taken. */
import { DaemonError } from '@mcp-daemon/core';

/** Why a bundle is refused. For programs and tests; the message is for people. */
export type RefusalReason =
  | 'not_a_zip'
  | 'truncated'
  | 'trailing'
  | 'ambiguous'
  | 'empty'
  | 'too_large'
  | 'too_many'
  | 'directory'
  | 'zip64'
  | 'name'
  | 'traversal'
  | 'duplicate'
  | 'case_twin'
  | 'conflict'
  | 'encrypted'
  | 'method'
  | 'device'
  | 'link'
  | 'ratio'
  | 'overlap'
  | 'headers'
  | 'content'
  | 'crc'
  | 'digest';

const MAX_QUOTED = 200;

/** A name of an entry for a message: quoted, without control characters, and not longer than a line. */
export const quoted = (name: string): string => JSON.stringify(name.length > MAX_QUOTED ? `${name.slice(0, MAX_QUOTED)}…` : name);

const ADVICE = '"mcp-daemon bundle build" makes one that passes';

/** A bundle that is refused. Its code is `module_failed`. */
export class BundleRefusal extends DaemonError {
  override readonly name = 'BundleRefusal';
  readonly reason: RefusalReason;
  /** The name of the entry. Undefined: the whole archive is meant. */
  readonly entry: string | undefined;
  /** The problem alone, without the name of the bundle. */
  readonly problem: string;

  /**
   * @param problem what is wrong, as the end of a sentence that begins with the archive or the entry
   * @param entry the name of the entry
   * @param bundle what the bundle is called in the message. Default: `the bundle`
   */
  constructor(reason: RefusalReason, problem: string, entry?: string, bundle = 'the bundle') {
    const at = entry === undefined ? '' : `entry ${quoted(entry)} `;
    super('module_failed', `${bundle} is refused: ${at}${problem}${reason === 'digest' ? '' : `. ${ADVICE}`}`);
    this.reason = reason;
    this.entry = entry;
    this.problem = problem;
  }

  /** The same refusal with the name of the bundle. */
  of(bundle: string): BundleRefusal {
    return new BundleRefusal(this.reason, this.problem, this.entry, bundle);
  }
}
