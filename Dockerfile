# For CI: confperm, and the script that its jobs run. The release workflow puts the static binaries into `dist`.
FROM alpine:3.22
# The script needs these; confperm itself needs nothing.
# Versions are those of the release of Alpine that is named above.
# hadolint ignore=DL3018
RUN apk add --no-cache bash ca-certificates curl jq \
    && adduser -D -H -u 10001 confperm
ARG TARGETARCH
COPY --chmod=755 dist/linux-${TARGETARCH}/confperm ci/confperm-ci /usr/local/bin/
USER 10001
WORKDIR /policy
ENTRYPOINT ["confperm"]
