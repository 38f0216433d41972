/**
 * `add`: adds to the config file and to the code, and changes nothing else of them.
 */
import type { CommandGroup } from './command.js';
import { defineCommand, textFlag } from './command.js';

const tool = defineCommand({
  command: 'tool [name] [arguments..]',
  description: 'Add a tool to the config file, and a function to its code; asks if no name is given',
  settings: ['config'],
  positionals: {
    name: { type: 'string', describe: 'Name of the tool, such as get_weather' },
    arguments: {
      type: 'string',
      array: true,
      describe: 'Its arguments: city:string! (required), days:integer=3, unit:celsius|fahrenheit, tags:string[]',
    },
  },
  flags: {
    description: textFlag('What the tool does; models choose tools by it', { alias: 'd' }),
    module: textFlag('File with the function; created if there is none', {
      alias: 'm',
      defaultDescription: 'that of the last tool',
    }),
    class: textFlag('Class of which the function is a method', { defaultDescription: 'as for other functions of the file' }),
    function: textFlag('Name of the function; kept if it exists', {
      defaultDescription: 'the name of the tool in camelCase',
    }),
  },
  examples: [
    ['add tool', 'Ask for everything'],
    [
      `add tool get_weather 'city:string! Name of the city' days:integer=3 -d 'Weather of a city'`,
      'Add a tool with two arguments',
    ],
  ],
  async run({ name, arguments: words = [], description, module, class: className, function: functionName }, context) {
    const { addTool } = await import('./add-tool.js');
    await addTool({ name, words, description, module, className, functionName }, context);
    return 0;
  },
});

/** Commands that add. */
export const add: CommandGroup = {
  command: 'add',
  description: 'Add a tool to the config file and its code',
  commands: [tool],
};
