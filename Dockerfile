# docker build --tag iris-server:v0.1.0 .            docs/image.md says what each layer holds, and how to build behind a proxy

# The Node of package-lock.json. Another registry's copy, or another distribution: --build-arg BUILD_IMAGE=… BASE_IMAGE=…
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
# Installs, on the platform of the machine that builds; needs npm and a shell.
ARG BUILD_IMAGE=${NODE_IMAGE}
# Runs, on the platform that is asked for; needs Node 24, glibc and libstdc++. Nothing is run in it here: no emulation.
ARG BASE_IMAGE=${NODE_IMAGE}

FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Of the development dependencies the image needs the ONNX runtime alone, which is an optional peer of the package. The
# versions are those of package-lock.json all the same.
RUN npm pkg set "dependencies.onnxruntime-node=$(npm pkg get devDependencies.onnxruntime-node | tr -d '\"')" \
 && npm pkg delete devDependencies.onnxruntime-node
# Secrets are mounted for this one step, so they are in no layer. Install scripts stay off: the service needs none.
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=ca \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    if [ -s /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm install --omit=dev --ignore-scripts --no-audit --no-fund

# What the service imports, for the target's platform, readable by any user whatever the checkout's umask was.
FROM dependencies AS app
COPY service ./service
COPY onnx ./onnx
COPY models ./models
ARG TARGETOS
ARG TARGETARCH
RUN node --no-warnings service/image/prune.ts --os "$TARGETOS" --arch "$TARGETARCH" service onnx \
 && rm -r service/image && chmod -R a+rX,go-w package.json service onnx models

# One layer a rate of change, the slowest first. BuildKit compares what is copied, not how it came about: a change of the
# service that imports nothing new leaves the layer of node_modules as it was.
FROM ${BASE_IMAGE}
WORKDIR /app
COPY --from=app /app/node_modules ./node_modules
COPY --from=app /app/package.json ./
COPY --from=app /app/onnx ./onnx
COPY --from=app /app/service ./service
COPY --from=app /app/models ./models

# The ONNX runtime would report its use to its makers.
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1
# Numeric, or Kubernetes cannot tell that it is not root. It owns no file here.
USER 10001:10001
EXPOSE 8000 8001
STOPSIGNAL SIGTERM
# The official image's entry point adds a shell script and nothing that this image needs.
ENTRYPOINT []
CMD ["node", "service/main.ts"]

ARG BASE_IMAGE
ARG VERSION=0.1.0
ARG REVISION=
ARG SOURCE=
LABEL org.opencontainers.image.title="iris-server" \
      org.opencontainers.image.description="The iris model behind POST /predictions, served by Rhizome" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
