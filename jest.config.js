/** Tests run on the sources; `tsc -b` has checked their types. Thresholds count only when coverage is asked for. */
export default {
  roots: ['<rootDir>/packages', '<rootDir>/tests'],
  testMatch: ['<rootDir>/packages/*/test/**/*.test.ts', '<rootDir>/tests/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/packages/[^/]+/(dist|build)/'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['ts-jest', { useESM: true, tsconfig: '<rootDir>/tsconfig.test.json' }],
  },
  moduleNameMapper: {
    '^@mcp-daemon/core/contract$': '<rootDir>/packages/core/src/contract.ts',
    '^@mcp-daemon/([^/]+)$': '<rootDir>/packages/$1/src/index.ts',
    '^mcp-daemon$': '<rootDir>/packages/cli/src/index.ts',
    // TypeScript's `./x.js` is `./x.ts` here; in a dependency it is still found as the file it names.
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  maxWorkers: 2,
  // v8 counts lines, and so the ones of files that hold only types.
  coverageProvider: 'babel',
  coverageReporters: ['text-summary', 'json-summary', 'lcov'],
  collectCoverageFrom: ['packages/*/src/**/*.ts', '!**/*.d.ts'],
  coverageThreshold: {
    global: { statements: 80, branches: 80, functions: 80, lines: 80 },
    './packages/core/src/': { statements: 90, branches: 90, functions: 90, lines: 90 },
  },
};
