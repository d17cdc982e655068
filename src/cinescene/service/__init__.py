"""The service: shots over HTTP, in the shape of OpenAI's Videos API, with scenes and paths of our own."""
