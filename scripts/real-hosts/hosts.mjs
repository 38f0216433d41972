/**
 * The hosts: where each comes from, how it is started without a person, and what docs/hosts.md says about it.
 *
 * - `packages`: what is installed from npm; the first one is the host.
 * - `install`: its name for `mcp-daemon install`. Hosts without one get their entry from `files` or `env`.
 * - `files(run)`: files of its home folder, by path; written before `mcp-daemon install` adds the server.
 * - `env(run)`, `args(run)`: how it is started. `run` is `{ home, model, prompt, server }`: the URL of the stand-in for the model,
 *   and the server as `{ command, args }` or `{ url, token }`.
 * - `names(tool)`: its name of a tool; for those with `install`, `mcp-daemon list --as` is asked.
 * - `twins`: what it prints when it gives up because two tools get the same name.
 * - `client`: how it names itself to a server, over stdio and HTTP.
 * - `instructions`: whether its model sees the instructions of the server. Default: no.
 * - `adds`: arguments that its model sends because the host has added them to the schemas; the function does not get them.
 * - `style`: how it shows tools to its model, where the requests do not have all of them.
 * - `first`: the only tool of ours that its model sees before it searches.
 * - `schema`: what it makes of an input schema, from the schema and what the model sees; see schemas.mjs.
 */
import { ALWAYS_LOADED } from './lab.mjs';
import { bare, closed, described, nullable, opened, same, unsaid, withWaiting } from './schemas.mjs';
import { searchedByClaude, searchedByQwen } from './searched.mjs';

export const SERVER = 'lab';
export const KEY = 'made-up-key';
const MODEL = 'stand-in';
const json = (value) => JSON.stringify(value, undefined, 2);

const CLAUDE_CODE = {
  name: 'Claude Code',
  packages: { '@anthropic-ai/claude-code': '2.1.332' },
  bin: 'claude',
  install: 'claude-code',
  env: ({ model }) => ({
    ANTHROPIC_BASE_URL: model,
    ANTHROPIC_API_KEY: KEY,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    ENABLE_TOOL_SEARCH: 'false',
  }),
  args: ({ prompt }) => ['-p', prompt, '--allowedTools', `mcp__${SERVER}`],
  client: 'claude-code',
  instructions: true,
  schema: same,
};

const COMMANDS = [
  CLAUDE_CODE,
  {
    ...CLAUDE_CODE,
    name: 'Claude Code, search',
    env: (run) => ({ ...CLAUDE_CODE.env(run), ENABLE_TOOL_SEARCH: 'true' }),
    style: searchedByClaude,
    first: ALWAYS_LOADED,
  },
  {
    name: 'Codex',
    packages: { '@openai/codex': '0.171.0' },
    bin: 'codex',
    install: 'codex',
    env: () => ({ STAND_IN_KEY: KEY }),
    args: ({ model, prompt }) => [
      ...['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', '-m', MODEL],
      ...['-c', 'model_provider="standin"', '-c', 'analytics.enabled=false', '-c', 'check_for_update_on_startup=false'],
      // Otherwise it asks github.com and chatgpt.com for plugins.
      ...['-c', 'features.plugins=false', '-c', 'features.apps=false'],
      ...['-c', `model_providers.standin={name="stand-in",base_url="${model}/v1",env_key="STAND_IN_KEY",wire_api="responses"}`],
      prompt,
    ],
    client: 'codex-mcp-client',
    instructions: true,
    schema: bare,
  },
  {
    name: 'Gemini CLI',
    packages: { '@google/gemini-cli': '0.61.0' },
    bin: 'gemini',
    install: 'gemini',
    files: () => ({
      '.gemini/settings.json': json({
        general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
        security: { auth: { selectedType: 'gemini-api-key' } },
      }),
    }),
    env: ({ model }) => ({
      GEMINI_API_KEY: KEY,
      GOOGLE_GEMINI_BASE_URL: model,
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
    }),
    args: ({ prompt }) => ['-p', prompt, '--approval-mode', 'yolo', '-m', 'gemini-2.5-flash'],
    client: 'gemini-cli-mcp-client',
    instructions: true,
    schema: withWaiting,
    adds: { wait_for_previous: true },
  },
  {
    name: 'opencode',
    packages: { 'opencode-ai': '1.18.33' },
    bin: 'opencode',
    install: 'opencode',
    files: ({ model }) => ({
      '.config/opencode/opencode.json': json({
        autoupdate: false,
        share: 'disabled',
        provider: {
          standin: {
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${model}/v1`, apiKey: KEY },
            models: { [MODEL]: { tool_call: true } },
          },
        },
      }),
    }),
    env: () => ({
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    }),
    args: ({ prompt }) => ['run', '--model', `standin/${MODEL}`, prompt],
    client: 'opencode',
    instructions: true,
    schema: closed,
  },
  {
    name: 'Copilot CLI',
    packages: { '@github/copilot': '1.0.102' },
    bin: 'copilot',
    install: 'copilot-cli',
    env: ({ model }) => ({
      COPILOT_PROVIDER_BASE_URL: `${model}/v1`,
      COPILOT_PROVIDER_API_KEY: KEY,
      COPILOT_MODEL: MODEL,
      COPILOT_OFFLINE: 'true',
      COPILOT_AUTO_UPDATE: 'false',
    }),
    args: ({ prompt }) => ['-p', prompt, '--allow-all-tools', '--no-color'],
    client: 'copilot-cli',
    schema: described,
  },
  {
    name: 'Qwen Code',
    packages: { '@qwen-code/qwen-code': '0.24.4' },
    bin: 'qwen',
    install: 'qwen',
    files: () => ({
      '.qwen/settings.json': json({
        general: { enableAutoUpdate: false, disableAutoUpdate: true },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
      }),
    }),
    env: ({ model }) => ({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: `${model}/v1`, OPENAI_MODEL: MODEL }),
    args: ({ prompt }) => ['-p', prompt, '--approval-mode', 'yolo', '--auth-type', 'openai'],
    client: `qwen-cli-mcp-client-${SERVER}`,
    instructions: true,
    style: searchedByQwen,
    schema: same,
  },
  {
    name: 'Cline',
    packages: { cline: '3.0.65' },
    bin: 'cline',
    install: 'cline',
    files: ({ model }) => ({
      '.cline/data/settings/global-settings.json': json({ telemetryOptOut: true, autoUpdateEnabled: false }),
      '.cline/data/settings/providers.json': json({
        version: 1,
        lastUsedProvider: 'openai-compatible',
        providers: {
          'openai-compatible': {
            settings: { provider: 'openai-compatible', apiKey: KEY, model: MODEL, baseUrl: `${model}/v1` },
            updatedAt: '2026-01-01T00:00:00.000Z',
            tokenSource: 'manual',
          },
        },
      }),
    }),
    env: () => ({}),
    args: ({ prompt }) => ['--json', '--provider', 'openai-compatible', '--model', MODEL, prompt],
    client: '@cline/core',
    schema: same,
  },
  {
    name: 'Continue',
    packages: { '@continuedev/cli': '1.5.47' },
    bin: 'cn',
    files: ({ model, server }) => ({
      '.continue/config.yaml': json({
        name: 'stand-in',
        version: '1.0.0',
        schema: 'v1',
        models: [
          {
            name: MODEL,
            provider: 'openai',
            model: MODEL,
            apiKey: KEY,
            apiBase: `${model}/v1`,
            roles: ['chat'],
            capabilities: ['tool_use'],
          },
        ],
        mcpServers: [
          server.url === undefined
            ? { name: SERVER, command: server.command, args: server.args }
            : {
                name: SERVER,
                type: 'streamable-http',
                url: server.url,
                requestOptions: { headers: { Authorization: `Bearer ${server.token}` } },
              },
        ],
      }),
    }),
    env: () => ({ CONTINUE_TELEMETRY_ENABLED: '0', CONTINUE_METRICS_ENABLED: '0', CONTINUE_CLI_AUTO_UPDATED: '1' }),
    args: ({ prompt, home }) => ['-p', prompt, '--config', `${home}/.continue/config.yaml`, '--auto'],
    client: 'continue-cli-client',
    schema: unsaid,
    names: (name) => name,
  },
];

/** Libraries are run by a short program of ours, as an application uses them. */
const library = (name, script, packages, more) => ({
  name,
  packages,
  script,
  env: ({ model, server, prompt }) => ({ SERVER: JSON.stringify(server), MODEL_URL: model, PROMPT: prompt, OPENAI_API_KEY: KEY }),
  args: () => [],
  names: (name) => name,
  schema: same,
  ...more,
});

const LIBRARIES = [
  library(
    'AI SDK',
    'ai-sdk.mjs',
    { '@ai-sdk/mcp': '2.0.99', ai: '7.0.173', '@ai-sdk/openai': '4.0.118' },
    { client: 'ai-sdk-mcp-client', schema: closed },
  ),
  library(
    'OpenAI Agents SDK',
    'openai-agents.mjs',
    { '@openai/agents': '0.20.0' },
    { client: 'lab', names: (name) => name.replace(/[^A-Za-z0-9_]/g, '_'), schema: opened, twins: /Duplicate tool names/ },
  ),
  library(
    'LangChain.js',
    'langchain.mjs',
    { '@langchain/mcp-adapters': '1.1.4', '@langchain/openai': '1.5.8', '@langchain/core': '1.4.0', langchain: '1.5.14' },
    { client: '@langchain/mcp-adapters' },
  ),
  library(
    'Mastra',
    'mastra.mjs',
    { '@mastra/mcp': '2.0.0', '@mastra/core': '1.71.0', '@ai-sdk/openai': '3.0.141' },
    {
      client: 'lab',
      names: (name) => `${SERVER}_${name.replace(/[^A-Za-z0-9_-]/g, '_')}`.slice(0, 63),
      schema: nullable,
      // For optional arguments, as the schema asks; Mastra leaves them out again.
      adds: { region: null, since: null },
      twins: /resolve to the same name/,
    },
  ),
];

export const HOSTS = [...COMMANDS, ...LIBRARIES];
