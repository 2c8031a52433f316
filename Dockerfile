# The contents of the managed plugin. `docker build` runs these steps, and so does `npm run plugin`, without an engine
# (scripts/plugin.ts): whatever they do stays below WORKDIR, by relative paths, and all of it comes from npm and Debian.

# Debian 12 with Node and npm; nothing of the image gets into the result but what npm and apt fetch in it.
ARG BASE_IMAGE=node:24-bookworm-slim
FROM ${BASE_IMAGE} AS build

# The newest release that says of itself that it is an LTS (Krypton).
ARG NODE_VERSION=24.21.0
# amd64 or arm64; empty: the machine's own.
ARG TARGETARCH

WORKDIR /build
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY src src

# No package's install script runs: they compile for this machine, and what we need is in the packages, prebuilt.
RUN npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent build

# Our own code, with what it needs at run time on the target.
RUN mkdir -p rootfs/usr/lib/tsoverlay && mv dist rootfs/usr/lib/tsoverlay/ \
 && cp package.json package-lock.json rootfs/usr/lib/tsoverlay/ && cd rootfs/usr/lib/tsoverlay \
 && case "${TARGETARCH:-$(dpkg --print-architecture)}" in amd64) cpu=x64 ;; *) cpu=$TARGETARCH ;; esac \
 && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent --os=linux --cpu=$cpu --libc=glibc \
 && find . -path '*/prebuilds/*' -type f ! -path "*/linux-$cpu/*" -delete \
 && find . -type d \( -path '*/@koromix/*/musl_*' -o -name @types -o -name test -o -name tests \) -prune -exec rm -rf {} + \
 && find . -type f \( -name '*.map' -o -name '*.[cm]ts' -o -name '*.ts' -o -name '*.md' -o -name '*.h' -o -name '*.hh' \
      -o -name '*.c' -o -name '*.cc' -o -name '*.inc' -o -name '.package-lock.json' -o -name package-lock.json \) -delete \
 && find . -type d -empty -delete

# Node alone: no npm, no headers.
RUN case "${TARGETARCH:-$(dpkg --print-architecture)}" in amd64) cpu=x64 ;; *) cpu=$TARGETARCH ;; esac \
 && npm pack --silent "node-linux-$cpu@$NODE_VERSION" && tar -xzf "node-linux-$cpu-$NODE_VERSION.tgz" \
 && mkdir -p rootfs/usr/bin rootfs/usr/share/doc/node && mv package/bin/node rootfs/usr/bin/ \
 && mv package/LICENSE rootfs/usr/share/doc/node/copyright

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

FROM scratch
COPY --from=build /build/rootfs/ /
ENTRYPOINT ["/usr/bin/node", "/usr/lib/tsoverlay/dist/main.js"]
