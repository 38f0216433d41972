/** The tools of a soak: quick, slow, failing, and one that reports progress. Each returns the key it was called with. */
function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

export const quick = ({ key }) => key;

export async function slow({ key, ms }, { signal }) {
  await sleep(ms, signal);
  return key;
}

export function failing({ key }) {
  throw new Error(`it fails: ${key}`);
}

export async function steps({ key, count, ms }, context) {
  for (let step = 1; step <= count; step += 1) {
    await sleep(ms, context.signal);
    context.progress(step, count);
  }
  return key;
}

export const large = ({ key, bytes }) => `${key} ${'x'.repeat(bytes)}`;

const parameters = { quick: [], slow: ['ms'], failing: [], steps: ['count', 'ms'], large: ['bytes'] };

/** The config file for these tools. */
export const config = {
  tools: Object.entries(parameters).map(([name, numbers]) => ({
    name,
    description: `A tool that is ${name}.`,
    inputSchema: {
      type: 'object',
      properties: { key: { type: 'string' }, ...Object.fromEntries(numbers.map((number) => [number, { type: 'integer' }])) },
      required: ['key', ...numbers],
      additionalProperties: false,
    },
  })),
  module_links: Object.keys(parameters).map((name) => ({
    ...{ type: 'tool', name, module_name: 'tools', function_name: name },
  })),
  modules: [{ package_name: 'tools', module_name: 'tools' }],
};
