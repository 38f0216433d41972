/** `completion`: prints a shell script that completes commands, flags and the names in the config file. */
import { basename } from 'node:path';

import { mustBe, UsageError } from '../errors.js';
import { defineCommand } from './command.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
/** The flag that the shell's script uses to request candidates. */
const COMPLETE_FLAG = '--get-yargs-completions';

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `# mcp-daemon completion for bash. Put this into ~/.bashrc:
#   eval "$(mcp-daemon completion bash)"
_mcp_daemon() {
  local word=\${COMP_WORDS[COMP_CWORD]} found quoted
  COMPREPLY=()
  # Not compgen -W, which would run a $(...) in a name of the config file.
  while IFS= read -r found; do
    printf -v quoted %q "$found"
    [[ $found == "$word"* || $quoted == "$word"* ]] && COMPREPLY+=("$quoted")
  done < <(SHELL=/bin/bash mcp-daemon ${COMPLETE_FLAG} "\${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
}
complete -o bashdefault -o default -F _mcp_daemon mcp-daemon
`,
  zsh: `#compdef mcp-daemon
# mcp-daemon completion for zsh. Put this into ~/.zshrc, after compinit:
#   eval "$(mcp-daemon completion zsh)"
_mcp_daemon() {
  local -a found
  found=(\${(f)"$(SHELL=/bin/bash mcp-daemon ${COMPLETE_FLAG} "\${(@)words[1,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -a found; else _files; fi
}
compdef _mcp_daemon mcp-daemon
`,
  fish: `# mcp-daemon completion for fish. Save this as ~/.config/fish/completions/mcp-daemon.fish:
#   mcp-daemon completion fish > ~/.config/fish/completions/mcp-daemon.fish
function __mcp_daemon
  SHELL=/bin/bash mcp-daemon ${COMPLETE_FLAG} (commandline -opc) (commandline -ct) 2>/dev/null
end
complete -c mcp-daemon -a '(__mcp_daemon)'
`,
};

/** Prints the completion script of a shell. */
export const completion = defineCommand({
  command: 'completion [shell]',
  description: 'Print a script that completes commands in bash, zsh or fish',
  positionals: { shell: { type: 'string', describe: 'bash, zsh or fish', defaultDescription: 'your shell' } },
  examples: [['completion bash', 'Print the script for bash; its first lines say where to put it']],
  async run({ shell }, { env, print }) {
    const name = shell ?? basename(env['SHELL'] ?? 'bash');
    const known = SHELLS.find((candidate) => candidate === name);
    if (known === undefined) throw new UsageError(`[shell]: ${mustBe(SHELLS, name)}`);
    print(SCRIPTS[known].trimEnd());
    return 0;
  },
});
