# The operator's image: Node, two bundled files (the operator, and the program of a stop pod), what tells Node that they are modules, and nothing else. It has no shell, and runs as it is with a read-only root file system.
#   make image IMAGE=registry.example/debugsession-operator:0.1.0
# Of a tag and a digest the digest counts: renew both together. The tests have no registry and put a base of their own in the place of BASE.
ARG BUILD_BASE=docker.io/library/node:24-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6
ARG BASE=gcr.io/distroless/nodejs24-debian12:nonroot@sha256:14d42e2511532589a7c7e01a753667a74fcc96266e137e8125006b87b0c32d0a

FROM ${BUILD_BASE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# For another registry hand in an .npmrc as the secret `npmrc`: the secret is there for this line only.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
RUN node scripts/build.ts

FROM ${BASE}
COPY LICENSE /app/
COPY --from=build /src/dist/package.json /src/dist/main.js /src/dist/main.js.LEGAL.txt /app/
COPY --from=build /src/dist/node-stop.js /src/dist/node-stop.js.LEGAL.txt /src/dist/cri.proto /app/
WORKDIR /app
# By number: the kubelet cannot tell by a name that it is not root's (runAsNonRoot).
USER 65532:65532
# Metrics and probes, see --help.
EXPOSE 8443 8081
ENTRYPOINT ["/nodejs/bin/node", "/app/main.js"]
