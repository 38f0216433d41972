# syntax=docker/dockerfile:1
#
# docker build -t mcp-daemon .          see docs/deploy.md
#
# Node 24: the newest that CI tests; it includes SQLite and a cache for compiled code. Debian, not Alpine: it has the
# C library that CI uses. For a reproducible build, pin both images by digest.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
ENV CI=true
RUN npm install --global pnpm@12.21.0
# Only the lock file decides what is fetched, so an edit of the sources does not fetch again.
COPY pnpm-lock.yaml pnpm-workspace.yaml .pnpmfile.cjs ./
RUN pnpm fetch
COPY . .
RUN pnpm install --offline --frozen-lockfile && npm run build
# The published files of the command, and its locked run-time dependencies.
RUN pnpm --filter mcp-daemon --prod deploy /app
RUN mkdir -m 0700 /data

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="mcp-daemon" \
      org.opencontainers.image.description="A config file becomes an MCP server" \
      org.opencontainers.image.licenses="MIT"
# It listens on all addresses, so it does not start with the default JWT_SECRET_KEY or ADMIN_PASSWORD: set both.
ENV NODE_ENV=production \
    MCP_TRANSPORT=sse \
    HOST=0.0.0.0 \
    PORT=8000 \
    MCP_CONFIG_FILE=/config/mcp.json \
    MCP_DATA_DIR=/data \
    LOCAL_USER_FILE=/data/users.json
COPY --from=build /app /app
# The image's user `node`, by number: from a name, Kubernetes cannot tell that it is not root.
COPY --from=build --chown=1000:1000 /data /data
# Nothing else is written, so the rest may be read-only.
VOLUME /data
WORKDIR /config
USER 1000:1000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/bin.js"]
