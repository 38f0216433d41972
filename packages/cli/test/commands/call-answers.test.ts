/** `call` of tools that ask their user, or the model of their client. */
import { spawn } from 'node:child_process';

import { BIN, TempFolder, toolsConfig } from '../support.js';

describe('call of a tool that asks', () => {
  const temp = new TempFolder();
  beforeAll(async () => {
    await temp.write('mcp.json', toolsConfig('./code.mjs', 'summarize', 'book'));
    await temp.write(
      'code.mjs',
      `const ask = (requests) => ({ resultType: 'input_required', inputRequests: requests });
      const question = { role: 'user', content: { type: 'text', text: 'Summarize: a long text' } };
      export const summarize = (_, { inputs }) => inputs.model
        ? 'The model says: ' + inputs.model.content.text + ' (' + inputs.model.model + ')'
        : ask({ model: { method: 'sampling/createMessage', params: { systemPrompt: 'Be short', messages: [question], maxTokens: 50 } } });
      const form = { mode: 'form', message: 'When?', requestedSchema: { type: 'object', properties: { day: { type: 'string' } } } };
      export const book = (_, { inputs }) => !inputs.when
        ? ask({ when: { method: 'elicitation/create', params: form } })
        : !inputs.sure ? ask({ sure: { method: 'elicitation/create', params: form } }) : JSON.stringify([inputs.when, inputs.sure]);`,
    );
  });
  afterAll(() => temp.remove());

  it('takes the answer of the model from --answer', async () => {
    const plain = await temp.run(['call', 'summarize', '--answer', 'short']);
    expect(plain).toMatchObject({ code: 0, stdout: 'The model says: short (mcp-daemon call)\n' });
    const whole = JSON.stringify({ role: 'assistant', content: { type: 'text', text: 'whole' }, model: 'mine' });
    expect((await temp.run(['call', 'summarize', '--answer', whole])).stdout).toBe('The model says: whole (mine)\n');
  });

  it('takes the answers to forms in the order of the questions', async () => {
    const answers = ['--answer', '{"day":"Monday"}', '--answer', '{"action":"decline"}'];
    const { stdout } = await temp.run(['call', 'book', ...answers]);
    expect(JSON.parse(stdout)).toEqual([{ action: 'accept', content: { day: 'Monday' } }, { action: 'decline' }]);
  });

  it('fails where an answer is missing or does not fit', async () => {
    const few = await temp.run(['call', 'book', '--answer', '{"day":"Monday"}']);
    expect(few.code).not.toBe(0);
    expect(few.stdout + few.stderr).toContain('more questions were asked than --answer was given');
    const wrong = await temp.run(['call', 'book', '--answer', 'Monday']);
    expect(wrong.code).not.toBe(0);
    expect(wrong.stdout + wrong.stderr).toContain('must be a JSON object');
  });

  it('lets the user of a terminal type what the model says', async () => {
    const words = [process.execPath, BIN, 'call', 'summarize', '--config', temp.at('mcp.json')]
      .map((word) => `'${word}'`)
      .join(' ');
    // script(1) runs a command on a terminal of its own.
    const child = spawn('script', ['-qec', words, '/dev/null'], { env: temp.env(), stdio: ['pipe', 'pipe', 'ignore'] });
    let text = '';
    let typed = false;
    for await (const chunk of child.stdout) {
      text += String(chunk);
      if (!typed && text.includes('assistant: ')) {
        typed = true;
        child.stdin.write('typed by hand\n');
      }
    }
    child.stdin.end();
    expect(text).toContain('system: Be short');
    expect(text).toContain('user: Summarize: a long text');
    expect(text).toContain('The model says: typed by hand');
  });
});
