# The contents of the managed plugin. `docker build` runs these steps, and so does `npm run plugin`, without an engine
# (scripts/plugin.ts): whatever they do stays below WORKDIR, by relative paths, and all of it comes from npm and Debian.

# Debian 12 with Node and npm; nothing of the image gets into the result but what npm and apt fetch in it.
ARG BASE_IMAGE=node:24-bookworm-slim
FROM ${BASE_IMAGE} AS build

# amd64 or arm64; empty: the machine's own.
ARG TARGETARCH

WORKDIR /build
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY src src
COPY page page
COPY scripts/page.ts scripts/page.ts
COPY packaging/node node
COPY packaging/bundle bundle
COPY scripts/sbom.ts sbom.ts

# No package's install script runs: they compile for this machine, and what we need is in the packages, prebuilt.
RUN npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent build \
 && npx esbuild sbom.ts --bundle --platform=node --log-level=warning --external:ajv* --external:libxmljs2 \
      --external:xmlbuilder2 --external:packageurl-js --external:spdx-expression-parse --outfile=sbom.cjs

# One file instead of a thousand: half the time to start, 20 MB less memory. The engine's client would load SSH, gRPC
# and protocol buffers for what we never do with it.
RUN echo 'module.exports = {}' >nothing.cjs && npx esbuild dist/main.js --bundle --platform=node --target=node24 \
      --format=esm --minify-whitespace --minify-syntax --legal-comments=none --log-level=warning \
      --external:koffi --alias:ssh2=./nothing.cjs --alias:protobufjs=./nothing.cjs \
      --alias:@grpc/grpc-js=./nothing.cjs --alias:@grpc/proto-loader=./nothing.cjs \
      --alias:iconv-lite=./bundle/iconv-lite.cjs \
      --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" \
      --metafile=bundle.json --outfile=rootfs/usr/lib/tsoverlay/main.mjs \
 && cp dist/page.html rootfs/usr/lib/tsoverlay/

# What cannot be in that file: the package with machine code, for the target alone. And everybody's licence.
RUN case "${TARGETARCH:-$(dpkg --print-architecture)}" in amd64) cpu=x64 ;; *) cpu=$TARGETARCH ;; esac \
 && rm -rf node_modules && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent \
      --os=linux --cpu=$cpu --libc=glibc \
 && licences=rootfs/usr/share/doc/tsoverlay && mkdir -p $licences && cp package.json $licences/ \
 && find node_modules -type f -iname 'licen[cs]e*' -exec cp --parents {} $licences/ \; \
 && mkdir -p rootfs/usr/lib/tsoverlay/node_modules && cd node_modules \
 && cp -a --parents koffi @koromix ../rootfs/usr/lib/tsoverlay/node_modules/ \
 && cd ../rootfs/usr/lib/tsoverlay \
 && find . -type d \( -path '*/@koromix/*/musl_*' -o -name @types \) -prune -exec rm -rf {} + \
 && find . -type f \( -name '*.map' -o -name '*.[cm]ts' -o -name '*.ts' -o -name '*.md' -o -name '*.h' -o -name '*.hh' \
      -o -name '*.c' -o -name '*.cc' -o -name '*.inc' \) -delete \
 && find . -type d -empty -delete

# Node alone: no npm, no headers. Its package is somebody else's than Node's, so that our lock file says which bytes it
# has to be: the newest release that says of itself that it is an LTS (Krypton).
RUN case "${TARGETARCH:-$(dpkg --print-architecture)}" in amd64) cpu=x64 ;; *) cpu=$TARGETARCH ;; esac \
 && cd node && npm ci --ignore-scripts --no-audit --no-fund --silent --os=linux --cpu=$cpu && cd .. \
 && package=node/node_modules/node-linux-$cpu && mkdir -p rootfs/usr/bin rootfs/usr/share/doc/node \
 && mv $package/bin/node rootfs/usr/bin/ && mv $package/LICENSE rootfs/usr/share/doc/node/copyright

# The C and C++ libraries it needs, with apt's keys and sources but a state of its own: the machine may be of another
# architecture, and nothing is installed on it.
RUN arch="${TARGETARCH:-$(dpkg --print-architecture)}" && mkdir -p apt/lists/partial apt/archives/partial && cd apt \
 && printf '%s\n' "Dir::State \"$PWD\";" "Dir::Cache \"$PWD\";" 'Dir::State::status "/dev/null";' \
      "APT::Architecture \"$arch\";" "APT::Architectures { \"$arch\"; };" 'APT::Sandbox::User "root";' \
      'Acquire::Languages "none";' >apt.conf \
 && export APT_CONFIG="$PWD/apt.conf" && apt-get -qq update && apt-get -qq download libc6 libstdc++6 libgcc-s1 \
 && for package in *.deb; do dpkg-deb -x "$package" ../rootfs; done && cd ../rootfs \
 && rm -rf etc usr/lib/*/gconv usr/lib/*/audit usr/share/gcc usr/share/gdb usr/share/lintian \
 && find usr/share/doc -type f ! -name copyright -delete

# What the engine calls by these paths, with and without /var, is mounted below /host (docs/plugin.md says why).
RUN cd rootfs && mkdir -p dev etc proc sys tmp host/docker host/engine host/propagated var/lib/tsoverlay \
 && mkdir -p run/docker/plugins var/run && ln -s /host/docker/netns run/docker/netns \
 && ln -s /host/docker var/run/docker && ln -s /host/engine/docker.sock var/run/docker.sock

# What all of that is, with versions and hashes, for those who have to know what they run.
RUN case "${TARGETARCH:-$(dpkg --print-architecture)}" in amd64) cpu=x64 ;; *) cpu=$TARGETARCH ;; esac \
 && node sbom.cjs $cpu >rootfs/usr/share/doc/tsoverlay/sbom.cdx.json

FROM scratch
COPY --from=build /build/rootfs/ /
# Memory before speed: V8 would keep twice the heap that it needs, and its two optimizing compilers take 15 MB.
ENTRYPOINT ["/usr/bin/node", "--max-semi-space-size=1", "--optimize-for-size", "--no-opt", "--no-maglev", "/usr/lib/tsoverlay/main.mjs"]
