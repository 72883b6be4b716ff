"""Remote control by Open Sound Control (opensoundcontrol.org): lighting desks, sequencers and telephones steer a stream."""
