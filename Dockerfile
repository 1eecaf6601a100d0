# Two stages: the first builds the release binary, the second is what runs. The release does not
# contain the sandbox, and refuses to start until it has what it needs to take money safely.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN make release

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home tollgate
COPY --from=build /src/bin/tollgate /usr/local/bin/tollgate
USER tollgate
WORKDIR /data
VOLUME /data
ENV ADDR=0.0.0.0:8080 \
    DATABASE_URL=sqlite:/data/tollgate.db \
    LOG_FORMAT=json
EXPOSE 8080
ENTRYPOINT ["tollgate"]
CMD ["serve"]
