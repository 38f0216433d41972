import { TempFolder } from '../support.js';

describe('wrong command lines', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  it.each<[args: string, message: string, usage: string, help: string]>([
    [
      'install',
      'missing argument <host>: claude-desktop, claude-code, cursor, vscode, codex, gemini, opencode, copilot-cli, qwen, cline, windsurf, zed, lm-studio or continue',
      'install <host> [flags]',
      'install',
    ],
    [
      'call',
      'missing argument <name>: name of a tool, resource or prompt, or URI of a resource',
      'call <name> [arguments..] [flags]',
      'call',
    ],
    [
      'calls show',
      'missing argument <id>: ID of the call, as "mcp-daemon calls list" shows it, the beginning of its uuid, or "last"',
      'calls show <id> [flags]',
      'calls show',
    ],
    ['store', 'missing command: "store init", "store check", "store sweep" or "store copy"', 'store <command> [flags]', 'store'],
    ['config chek', 'unknown command "config chek"; did you mean "check"?', 'config <command> [flags]', 'config'],
    ['calls watch', 'unknown command "calls watch"', 'calls <command> [flags]', 'calls'],
    ['calls sho 1', 'unknown command "calls sho"; did you mean "show"?', 'calls <command> [flags]', 'calls'],
    ['list extra', 'unexpected argument "extra" for "list"', 'list [flags]', 'list'],
    ['list --jsn', 'unknown flag --jsn for "list"; did you mean "--json"?', 'list [flags]', 'list'],
    ['list --no-colour', 'unknown flag --no-colour for "list"', 'list [flags]', 'list'],
    ['list -x', 'unknown flag -x for "list"', 'list [flags]', 'list'],
    ['call --jsn x', 'unknown flag --jsn for "call"; did you mean "--json"?', 'call <name> [arguments..] [flags]', 'call'],
    ['calls list --limit', 'missing value for --limit', 'calls list [flags]', 'calls list'],
    ['list --config', 'missing value for --config', 'list [flags]', 'list'],
  ])('%s is reported with the usage of the command', async (args, message, usage, help) => {
    expect(await temp.run(args.split(' '))).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: `mcp-daemon: ${message}\n\nUsage: mcp-daemon ${usage}\nTry "mcp-daemon ${help} --help".\n`,
    });
  });

  it.each([
    ['lits', 'unknown command "lits"; did you mean "list"?'],
    ['lits --json', 'unknown command "lits"; did you mean "list"?'],
    ['--no-watch lits', 'unknown command "lits"; did you mean "list"?'],
    ['nonsense a b', 'unknown command "nonsense"'],
    ['a.json b.json', 'unexpected argument "b.json"'],
    ['serve a.json b.json', 'unexpected argument "b.json"'],
    ['serv a.json', 'unknown command "serv"; did you mean "serve"?'],
    ['--confg a.json', 'unknown flag --confg; did you mean "--config"?'],
    ['--config', 'missing value for --config'],
  ])('%s is reported with the general usage', async (args, message) => {
    const usage = 'Usage: mcp-daemon [file] [flags], or mcp-daemon <command> [flags]\nTry "mcp-daemon --help".\n';
    expect(await temp.run(args.split(' '))).toMatchObject({ code: 2, stdout: '', stderr: `mcp-daemon: ${message}\n\n${usage}` });
  });

  it.each([
    [
      'install emacs',
      '<host>: must be claude-desktop, claude-code, cursor, vscode, codex, gemini, opencode, copilot-cli, qwen, cline, windsurf, zed, lm-studio or continue, not "emacs"',
      'install',
    ],
    [
      'install cursr',
      '<host>: must be claude-desktop, claude-code, cursor, vscode, codex, gemini, opencode, copilot-cli, qwen, cline, windsurf, zed, lm-studio or continue, not "cursr"; did you mean "cursor"?',
      'install',
    ],
    ['install vscode --scope all', '--scope: must be user or project, not "all"', 'install'],
    ['users add ann --role gardener', '--role: must be admin, user or viewer, not "gardener"', 'users add'],
    ['calls list --limit 0', '--limit: must be a whole number of 1 or more, not "0"', 'calls list'],
    ['calls list --since then', '--since: must be a time such as 2h, 7d or 2026-01-31T12:00, not "then"', 'calls list'],
    ['completion tcsh', '[shell]: must be bash, zsh or fish, not "tcsh"', 'completion'],
    ['list --log-level loud', '--log-level: must be trace, debug, info, warn, error, fatal or silent, not "loud"', 'list'],
  ])('%s is reported with the allowed values', async (args, message, help) => {
    const stderr = `mcp-daemon: ${message}\nTry "mcp-daemon ${help} --help".\n`;
    expect(await temp.run(args.split(' '))).toMatchObject({ code: 2, stdout: '', stderr });
  });

  it.each(['list', 'config check', 'call x', '--transport stdio'])('%s reports a missing config file', async (args) => {
    const { code, stderr } = await temp.run([...args.split(' '), '--config', 'none.json']);
    const file = temp.at('none.json');
    expect(stderr).toBe(`mcp-daemon: cannot read config file ${file}: no such file. Create one with "mcp-daemon init"\n`);
    expect(code).toBe(2);
  });
});
