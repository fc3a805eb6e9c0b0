# One image for the API, the background workers and the one-shot commands; docker-compose.yml says which is which.
FROM python:3.12-slim AS installed
WORKDIR /app
RUN python -m venv /venv
COPY requirements.lock ./
# The same versions that the tests ran with, hash by hash; the test tools themselves stay outside.
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml ./
COPY domain domain
COPY commands commands
COPY projections projections
COPY queries queries
COPY adapters adapters
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --editable .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home perennial \
    && install -d -o perennial -g perennial -m 0700 /keys /data /signing
COPY --from=installed /venv /venv
COPY --from=installed /app /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PERENNIAL_HOST=0.0.0.0 \
    PERENNIAL_PORT=8400 \
    PERENNIAL_KEY_FILE=/keys/keys.json \
    PERENNIAL_DATA_FOLDER=/data
WORKDIR /app
USER perennial
VOLUME /keys /data /signing
EXPOSE 8400
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8400/healthz', timeout=2)"]
ENTRYPOINT ["perennial"]
CMD ["serve", "--no-workers"]
