import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { ChatOpenAI } from '@langchain/openai';
import { createAgent } from 'langchain';

const { SERVER, MODEL_URL, PROMPT } = process.env;
const { url, token, command, args } = JSON.parse(SERVER);
const lab =
  url === undefined
    ? { transport: 'stdio', command, args }
    : { transport: 'http', url, headers: { Authorization: `Bearer ${token}` } };
const client = new MultiServerMCPClient({ mcpServers: { lab } });
const model = new ChatOpenAI({ model: 'stand-in', configuration: { baseURL: `${MODEL_URL}/v1` } });
const agent = createAgent({ model, tools: await client.getTools() });
const { messages } = await agent.invoke({ messages: [{ role: 'user', content: PROMPT }] });
console.log(messages.at(-1).content);
await client.close();
