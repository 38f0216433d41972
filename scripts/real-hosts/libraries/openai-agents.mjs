import { Agent, MCPServerStdio, MCPServerStreamableHttp, OpenAIProvider, Runner } from '@openai/agents';

const { SERVER, MODEL_URL, PROMPT, OPENAI_API_KEY } = process.env;
const { url, token, command, args } = JSON.parse(SERVER);
const server =
  url === undefined
    ? new MCPServerStdio({ name: 'lab', command, args })
    : new MCPServerStreamableHttp({ name: 'lab', url, requestInit: { headers: { Authorization: `Bearer ${token}` } } });
await server.connect();
try {
  const modelProvider = new OpenAIProvider({ apiKey: OPENAI_API_KEY, baseURL: `${MODEL_URL}/v1`, useResponses: true });
  const agent = new Agent({ name: 'tester', instructions: 'Use the tools.', model: 'stand-in', mcpServers: [server] });
  const { finalOutput } = await new Runner({ modelProvider, tracingDisabled: true }).run(agent, PROMPT);
  console.log(finalOutput);
} finally {
  await server.close();
}
