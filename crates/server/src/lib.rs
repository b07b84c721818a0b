//! HTTP: the API, the delta stream, the embedded page.
