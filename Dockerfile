# docker build -t crosscite . && docker run -p 127.0.0.1:7860:7860 -v crosscite:/data crosscite
# Your own articles: add -v "$PWD/my-articles:/articles:ro" before the name and --seeds /articles behind it.
FROM python:3.11-slim AS wheel
COPY pyproject.toml README.md LICENSE /src/
COPY index /src/index
COPY rag /src/rag
COPY eval /src/eval
COPY ui /src/ui
COPY seeds /src/seeds
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /src

FROM python:3.11-slim
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl \
    && useradd --create-home crosscite \
    && install -d -o crosscite -g crosscite /data
USER crosscite
WORKDIR /data
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=8)"]
ENTRYPOINT ["crosscite", "chat", "--host", "0.0.0.0", "--index", "/data/index"]
