"""The services of Cầu Nối; each is a program of its own and never imports another."""
