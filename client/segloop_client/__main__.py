"""`python -m segloop_client`."""

from segloop_client.cli import main

main()
