/**
 * The names under which the model of a host sees the tools of a server. Hosts put the name of the server before them, replace
 * characters, and shorten long names. As seen with the versions in docs/hosts.md.
 */

/** Hosts whose names are known. */
export const NAMING_HOSTS = ['claude-code', 'codex', 'gemini', 'opencode', 'copilot-cli', 'qwen', 'cline'] as const;

/** A host whose names are known. */
export type NamingHost = (typeof NAMING_HOSTS)[number];

/** A tool as the model of a host sees it. */
export interface ModelName {
  /** The name in the config file. */
  readonly name: string;
  /** The name for the model; undefined where the host leaves the tool out. */
  readonly shown: string | undefined;
  /** What the host does to the name, where that is a problem. */
  readonly warning: string | undefined;
}

/** How a host makes names. */
interface Naming {
  /** The name for the model, before it is shortened. */
  readonly make: (server: string, tool: string) => string;
  /** Which of several tools with the same name is kept; with "hash", all are. */
  readonly same: 'first' | 'last' | 'hash';
  /** Whether the host sorts the tools by name first, so that "last" and numbers do not follow the config file. */
  readonly sorts?: true;
  /** The greatest length, and what happens beyond it. */
  readonly limit?: { readonly length: number; readonly beyond: 'left out' | 'cut' | 'cut in the middle' | 'hash' };
  /** Characters of a hash, without the `_` before it. */
  readonly hash?: number;
  /** Whether each name with a replaced character gets a hash; otherwise only names that would be the same do. */
  readonly hashesChanges?: true;
}

const folded = (text: string, by: string, kept = /[^A-Za-z0-9_-]/g): string => text.replace(kept, by);

const NAMINGS: Record<NamingHost, Naming> = {
  'claude-code': {
    make: (server, tool) => `mcp__${folded(server, '_')}__${folded(tool, '_')}`,
    same: 'first',
    limit: { length: 128, beyond: 'left out' },
  },
  codex: {
    make: (server, tool) => `mcp__${folded(server, '_', /\W/g)}__${folded(tool, '_', /\W/g)}`,
    same: 'hash',
    limit: { length: 128, beyond: 'hash' },
    hash: 12,
  },
  gemini: {
    make: (server, tool) => `mcp_${folded(server, '_', /[^\w.:-]/g)}_${folded(tool, '_', /[^\w.:-]/g)}`,
    same: 'last',
    limit: { length: 63, beyond: 'cut in the middle' },
  },
  opencode: { make: (server, tool) => `${folded(server, '_')}_${folded(tool, '_')}`, same: 'last' },
  'copilot-cli': {
    make: (server, tool) => `${folded(server, '-')}-${folded(tool, '-')}`,
    same: 'last',
    sorts: true,
    limit: { length: 64, beyond: 'cut' },
  },
  qwen: {
    make: (server, tool) => `mcp__${folded(server, '_')}__${folded(tool, '_')}`,
    same: 'hash',
    limit: { length: 63, beyond: 'hash' },
    hash: 7,
    hashesChanges: true,
  },
  cline: {
    make: (server, tool) => `${folded(server, '_')}__${folded(tool, '_')}`,
    same: 'hash',
    limit: { length: 64, beyond: 'hash' },
    hash: 8,
    hashesChanges: true,
  },
};

/** What the host does with a name of this length. */
function shortened(made: string, { limit, hash = 0 }: Naming): Pick<ModelName, 'shown' | 'warning'> {
  if (limit === undefined || made.length <= limit.length) return { shown: made, warning: undefined };
  const long = `longer than ${limit.length} characters`;
  switch (limit.beyond) {
    case 'left out':
      return { shown: undefined, warning: `left out: ${long} with its prefix` };
    case 'hash':
      return { shown: `${made.slice(0, limit.length - 1 - hash)}_<hash>`, warning: `${long}: cut, and a hash is added` };
    case 'cut':
      return { shown: made.slice(0, limit.length), warning: `${long}: cut` };
    case 'cut in the middle': {
      const half = Math.floor((limit.length - 3) / 2);
      return { shown: `${made.slice(0, half)}...${made.slice(-half)}`, warning: `${long}: cut in the middle` };
    }
  }
}

/**
 * The names under which a host shows tools to its model.
 *
 * @param host the host
 * @param server the name of the server in the host
 * @param tools the names in the config file, in their order
 */
export function modelNames(host: NamingHost, server: string, tools: readonly string[]): ModelName[] {
  const naming = NAMINGS[host];
  const whole = tools.map((name) => naming.make(server, name));
  const made = tools.map((name, at) => ({ name, ...shortened(whole[at] ?? name, naming) }));
  const isBefore = (at: number, index: number): boolean => (naming.sorts ? (tools[at] ?? '') < (tools[index] ?? '') : at < index);
  return made.map(({ name, shown, warning }, index) => {
    if (shown === undefined || shown.endsWith('_<hash>')) return { name, shown, warning };
    if (naming.hashesChanges) {
      if (shown.endsWith(name)) return { name, shown, warning };
      return { name, shown: `${shown}_<hash>`, warning: 'characters replaced, and a hash is added' };
    }
    const twins = made.flatMap((other, at) => (at !== index && other.shown === shown ? [at] : []));
    const other = made[twins[0] ?? -1]?.name;
    if (other === undefined) return { name, shown, warning };
    const same = `the same as "${other}"`;
    if (naming.same === 'hash') return { name, shown: `${shown}_<hash>`, warning: `${same}: a hash is added` };
    if (naming.limit?.beyond === 'cut' && twins.every((at) => whole[at] !== whole[index])) {
      // The same only after the cut: the later ones end with a number.
      const before = twins.filter((at) => isBefore(at, index)).length;
      return before === 0
        ? { name, shown, warning }
        : { name, shown: `${shown.slice(0, -1)}${before + 1}`, warning: `${same} after the cut: a number is added` };
    }
    const isKept = twins.every((at) => isBefore(at, index) === (naming.same === 'last'));
    if (isKept) return { name, shown, warning };
    return {
      name,
      shown: undefined,
      warning: `left out: ${same}, and the ${naming.same} one${naming.sorts ? ' by name' : ''} is kept`,
    };
  });
}
