/**
 * Of these packages only the file that a browser is given is used, which is whole: what they would install beside it is left out.
 * swagger-ui-dist's is a counter of installations, redoc's and graphiql's are the parts that their files are made of.
 */
const BUNDLED = new Set(['graphiql', 'react', 'react-dom', 'redoc', 'swagger-ui-dist']);

module.exports = {
  hooks: {
    readPackage(manifest) {
      if (BUNDLED.has(manifest.name)) {
        manifest.dependencies = {};
        manifest.peerDependencies = {};
      }
      return manifest;
    },
  },
};
