# docker build --tag iris-server:v0.1.0 .
# docs/image.md describes the layers, and how to build behind a proxy.

# The same version of Node as in package-lock.json, pinned by digest, because a tag can move. For the digest of a tag:
#   docker buildx imagetools inspect node:24.21.0-bookworm-slim
# To use other images: --build-arg BUILD_IMAGE=… --build-arg BASE_IMAGE=…
ARG NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20
# Installs the packages on the build machine's platform. Needs npm and a shell.
ARG BUILD_IMAGE=${NODE_IMAGE}
# Runs the service on the target platform. Needs Node 24, glibc and libstdc++. The build runs nothing in it, so there is
# no emulation.
ARG BASE_IMAGE=${NODE_IMAGE}

FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# cuda12 downloads the CUDA libraries of the ONNX runtime from NuGet, for a GPU: docs/hardware.md. Only on amd64.
ARG ONNXRUNTIME_NODE_INSTALL=skip
# All packages, exactly as in package-lock.json. The development dependencies are among them, because this build needs
# esbuild, and because the ONNX runtime is an optional peer dependency. The next stage keeps what the service imports.
# Secrets are only mounted for this step, so they are not in a layer. The service needs no install scripts.
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=secret,id=ca \
    --mount=type=secret,id=npmrc,target=/root/.npmrc \
    if [ -s /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi; \
    npm ci --ignore-scripts --no-audit --no-fund \
 && if [ "$ONNXRUNTIME_NODE_INSTALL" != skip ]; then node node_modules/onnxruntime-node/script/install.js; fi

# Bundles the service into JavaScript that starts quickly. Of the packages, keeps what the service imports, for the
# target platform. Makes everything readable by any user, whatever the checkout's umask was.
FROM dependencies AS app
COPY service ./service
COPY onnx ./onnx
COPY models ./models
ARG TARGETOS
ARG TARGETARCH
RUN node --no-warnings service/image/bundle.ts /bundle && rm service/image/bundle.ts \
 && node --no-warnings service/image/prune.ts --os "$TARGETOS" --arch "$TARGETARCH" service onnx \
 && cp -r /bundle/. . && rm -r service/image && chmod -R a+rX,go-w package.json service onnx models

# The layers that change least come first. BuildKit compares the content that is copied, so a change in the service
# without new imports does not change the layer of node_modules.
FROM ${BASE_IMAGE}
WORKDIR /app
COPY --from=app /app/node_modules ./node_modules
COPY --from=app /app/package.json ./
COPY --from=app /app/onnx ./onnx
COPY --from=app /app/service ./service
COPY --from=app /app/models ./models

# Turns off the telemetry of the ONNX runtime, and keeps memory low under load: service/contract/node-options.ts.
ENV NODE_ENV=production ORT_DISABLE_TELEMETRY=1 NODE_OPTIONS=--max-semi-space-size=4
# Numeric, so that Kubernetes can verify that it is not root. The user owns no files.
USER 10001:10001
EXPOSE 8000 8001 8002
STOPSIGNAL SIGTERM
# Removes the entry point of the official image, a shell script that this image does not need.
ENTRYPOINT []
CMD ["node", "service/main.js"]

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
