/**
 * `completion`: a script that lets a shell complete commands, flags, and the names that the config offers.
 */
import { basename } from 'node:path';

import { UsageError } from '../errors.js';
import type { Command } from './command.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
/** The flag by which the scripts ask for words. */
export const COMPLETE_FLAG = '--get-yargs-completions';

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = {
  bash: `# mcp-daemon completion for bash. Put this into ~/.bashrc:
#   eval "$(mcp-daemon completion bash)"
_mcp_daemon() {
  local word=\${COMP_WORDS[COMP_CWORD]} found quoted
  COMPREPLY=()
  # Not by compgen -W, which runs what stands in $(...): names come from a file that others may have written.
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

/** Prints the script of a shell; of the user's own, where none is named. */
export const completion: Command<{ shell?: string }> = async ({ shell }, { env, print }) => {
  const wanted = shell ?? basename(env['SHELL'] ?? 'bash');
  const known = SHELLS.find((name) => name === wanted);
  if (known === undefined) throw new UsageError(`there is no completion for "${wanted}"; choose ${SHELLS.join(', ')}`);
  print(SCRIPTS[known].trimEnd());
  return 0;
};
