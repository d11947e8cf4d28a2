# Not built here: no container engine on the machines that build this.
# glibc, because the embedded engine has no build for musl.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No package needs its install script; one that came to have one would not run it.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npx tsc && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
    && rm -rf dist/test dist/bench

FROM node:24-bookworm-slim
ENV NODE_ENV=production
COPY --from=build /app/package.json /app/package.json
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
# The data folder is `./data` beside the process, unless the configuration names another.
RUN mkdir -p /var/lib/metsuke && chown node:node /var/lib/metsuke
WORKDIR /var/lib/metsuke
USER node
ENTRYPOINT ["node", "--enable-source-maps", "--max-semi-space-size=64", "/app/dist/app/main.js"]
CMD ["run"]
