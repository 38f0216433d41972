/** Loads the functions of an mcp-daemon from files and installed packages. */
export { watchFolders } from './folders.js';
export type { FolderWatch, FolderWatchOptions } from './folders.js';
export { skillFolders } from './skills/skill-folders.js';
export type { SkillFoldersOptions } from './skills/skill-folders.js';
export { resourceFiles } from './resource-files.js';
export type { ResourceFilesOptions } from './resource-files.js';
export { localModules } from './local-modules.js';
export type { LocalModules, LocalModulesOptions, ModuleChange } from './local-modules.js';
export { locate } from './locate.js';
export type { ModuleNames, Place } from './locate.js';
export { pythonModules } from './python-modules.js';
export type { PythonModules, PythonNames } from './python-modules.js';
