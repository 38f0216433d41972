/**
 * Asks two questions, then books. A function that needs an answer returns its question. It is then called again, from its
 * first line, with all answers so far in `context.inputs`. So code before the last question must be safe to repeat.
 */
export function bookTable({ restaurant, people }, context) {
  const { when, sure } = context.inputs;

  if (!when) {
    const schema = {
      type: 'object',
      properties: { time: { type: 'string', title: 'Time', default: '19:00' } },
      required: ['time'],
    };
    return context.inputRequired({ when: context.elicit(`When shall we come to ${restaurant}?`, schema) });
  }
  if (when.action !== 'accept') return 'Nothing was booked.';

  if (!sure) {
    const schema = { type: 'object', properties: { yes: { type: 'boolean' } }, required: ['yes'] };
    const question = `Book a table for ${people} at ${when.content.time}?`;
    return context.inputRequired({ sure: context.elicit(question, schema) });
  }
  if (sure.action !== 'accept' || !sure.content.yes) return 'Nothing was booked.';

  return `Booked at ${restaurant}: ${people} people, ${when.content.time}.`;
}
