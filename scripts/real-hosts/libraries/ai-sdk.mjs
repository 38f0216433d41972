import { createMCPClient } from '@ai-sdk/mcp';
import { Experimental_StdioMCPTransport as StdioMCPTransport } from '@ai-sdk/mcp/mcp-stdio';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, stepCountIs } from 'ai';

const { SERVER, MODEL_URL, PROMPT } = process.env;
const { url, token, command, args } = JSON.parse(SERVER);
const transport =
  url === undefined
    ? new StdioMCPTransport({ command, args })
    : { type: 'http', url, headers: { Authorization: `Bearer ${token}` } };
const client = await createMCPClient({ transport });
const model = createOpenAI({ baseURL: `${MODEL_URL}/v1` }).chat('stand-in');
const { text } = await generateText({ model, tools: await client.tools(), prompt: PROMPT, stopWhen: stepCountIs(4) });
console.log(text);
await client.close();
