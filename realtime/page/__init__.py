"""The page: a web server that shows the streams to browsers and takes their commands, cameras and pictures."""
