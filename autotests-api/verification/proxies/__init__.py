"""nginx and HAProxy of Debian, and a proxy with a weakness, in front of servers of this repository."""
