/** Where the functions of an mcp-daemon come from: files and installed packages. */
export { localModules } from './local-modules.js';
export type { LocalModules, LocalModulesOptions, ModuleChange } from './local-modules.js';
export type { ModuleNames } from './locate.js';
