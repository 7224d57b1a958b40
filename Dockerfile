# Two images from one file: `server` (page and API, no torch) and `worker` (adds torch).
# docker build --target server -t segloop-server .   and   --target worker -t segloop-worker

FROM node:24-bookworm-slim AS page
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 SEGLOOP_DATA_DIR=/data
RUN pip install --no-cache-dir uv==0.13.9 && useradd --create-home segloop && install -d -o segloop /data
WORKDIR /app
COPY requirements/ requirements/

FROM base AS server
RUN uv pip install --system --no-cache --require-hashes -r requirements/server.txt
COPY . .
COPY --from=page /src/server/segloop_server/static server/segloop_server/static
RUN uv pip install --system --no-cache --no-deps .
USER segloop
EXPOSE 8000
CMD ["uvicorn", "--factory", "segloop_server.app:create_app", "--host", "0.0.0.0", "--port", "8000", \
     "--timeout-graceful-shutdown", "3"]

FROM base AS worker
RUN uv pip install --system --no-cache --require-hashes -r requirements/app.txt
COPY . .
RUN uv pip install --system --no-cache --no-deps .
USER segloop
CMD ["python", "-m", "segloop_worker.main", "--queue", "torch"]
