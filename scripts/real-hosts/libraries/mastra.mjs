import { createOpenAI } from '@ai-sdk/openai';
import { Agent } from '@mastra/core/agent';
import { MCPClient } from '@mastra/mcp';

const { SERVER, MODEL_URL, PROMPT } = process.env;
const { url, token, command, args } = JSON.parse(SERVER);
const lab =
  url === undefined ? { command, args } : { url: new URL(url), requestInit: { headers: { Authorization: `Bearer ${token}` } } };
const client = new MCPClient({ servers: { lab } });
const model = createOpenAI({ baseURL: `${MODEL_URL}/v1` }).chat('stand-in');
const agent = new Agent({ id: 'tester', name: 'tester', instructions: 'Use the tools.', model, tools: await client.listTools() });
const { text } = await agent.generate(PROMPT, { maxSteps: 4 });
console.log(text);
await client.disconnect();
