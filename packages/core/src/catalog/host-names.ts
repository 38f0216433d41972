/** Tool names that hosts change before their model sees them: they cut long ones, and turn the characters that the model's API does not take into `_`. */

/** Names longer than this are cut by some hosts, which put the server's name before them and allow 64 characters in all. */
const LONGEST_NAME = 40;

/** What the strictest hosts make of a name. */
const folded = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '_');

/** Looks through the names of the tools of one catalog. */
export class HostNames {
  readonly #seen = new Map<string, { name: string; place: string }>();

  /**
   * Adds a tool.
   *
   * @param place where the tool is, for the warnings of later ones: `tools[3]`
   * @returns what hosts do to its name, as sentences without a full stop
   */
  add(name: string, place: string): string[] {
    const found: string[] = [];
    if (name.length > LONGEST_NAME)
      found.push(
        `${JSON.stringify(name)} has ${name.length} characters: some hosts cut names of more than ${LONGEST_NAME}, or leave the tool out`,
      );
    const key = folded(name);
    const first = this.#seen.get(key);
    if (first === undefined) this.#seen.set(key, { name, place });
    else if (first.name !== name)
      found.push(
        `${JSON.stringify(name)} and ${JSON.stringify(first.name)} of ${first.place} are the same name in some hosts, which show only one of them`,
      );
    return found;
  }
}
