# What applications do with Bunny, printed line by line: features.rb URL FEATURE.

require 'bunny'

$stdout.sync = true

def connect(options = {})
  # Recovery is quick, so that tests are.
  connection = Bunny.new(ARGV[0], { network_recovery_interval: 0.2, log_level: :fatal }.merge(options))
  connection.start
end

def work
  connection = connect
  publishing = connection.create_channel
  publishing.confirm_select
  queue = publishing.queue('bunny-work', durable: true)
  20.times { |number| queue.publish(number.to_s, persistent: true, headers: { 'number' => number }) }
  puts "confirmed #{publishing.wait_for_confirms}"
  puts "messages #{queue.message_count}"

  consuming = connection.create_channel
  consuming.prefetch(5)
  seen = Queue.new
  consumer = consuming.queue('bunny-work', durable: true).subscribe(manual_ack: true) do |delivery, properties, body|
    if body == '7' && !delivery.redelivered?
      consuming.nack(delivery.delivery_tag, false, true)
    else
      consuming.ack(delivery.delivery_tag)
      seen << [body, properties.headers['number'], delivery.redelivered?]
    end
  end
  bodies = Array.new(20) { seen.pop }
  puts "numbers #{bodies.map { |_, number, _| number }.sort == (0..19).to_a}"
  puts "redelivered #{bodies.select { |_, _, redelivered| redelivered }.map(&:first).inspect}"
  consumer.cancel
  puts "left #{publishing.queue_declare('bunny-work', passive: true).message_count}"
  publishing.queue_delete('bunny-work')
  connection.close
end

def rpc
  serving = connect
  server_channel = serving.create_channel
  requests = server_channel.queue('bunny-rpc', auto_delete: true)
  requests.subscribe do |_delivery, properties, body|
    server_channel.default_exchange.publish(
      "hello #{body}", routing_key: properties.reply_to, correlation_id: properties.correlation_id
    )
  end
  calling = connect
  channel = calling.create_channel
  replies = Queue.new
  reply_queue = channel.queue('amq.rabbitmq.reply-to', no_declare: true)
  reply_queue.subscribe(manual_ack: false) { |_delivery, properties, body| replies << [properties.correlation_id, body] }
  %w[anna ben].each do |name|
    channel.default_exchange.publish(name, routing_key: 'bunny-rpc', correlation_id: name, reply_to: 'amq.rabbitmq.reply-to')
  end
  2.times { puts replies.pop.join(' ') }
  [calling, serving].each(&:close)
end

def exchanges
  connection = connect
  channel = connection.create_channel
  channel.confirm_select
  sport = channel.topic('bunny-sport', auto_delete: true)
  all = channel.fanout('bunny-all', auto_delete: true)
  all.bind(sport, routing_key: '#.goal')
  queue = channel.queue('', exclusive: true).bind(all)
  returned = Queue.new
  sport.on_return { |info, _properties, body| returned << "#{info.reply_code} #{info.reply_text} #{body}" }
  sport.publish('one', routing_key: 'football.goal')
  sport.publish('two', routing_key: 'football.corner', mandatory: true)
  channel.wait_for_confirms
  puts "got #{queue.pop[2]} then #{queue.pop[2].inspect}"
  puts "returned #{returned.pop}"
  connection.close
end

def errors
  connection = connect
  connection.create_channel.queue('bunny-declared', auto_delete: true)
  [
    -> (channel) { channel.queue('bunny-absent', passive: true) },
    -> (channel) { channel.queue('bunny-declared', durable: true) },
    -> (channel) { channel.queue('amq.mine') }
  ].each do |attempt|
    begin
      attempt.call(connection.create_channel)
    rescue Bunny::ChannelLevelException => error
      puts "#{error.class} #{error.message}"
    end
  end
  puts "open #{connection.open?}"
  connection.close
end

# Consumes until the line `stop` arrives. Bunny recovers the connection, the queue and the consumer by itself.
def recovers
  connection = connect(recover_from_connection_close: true)
  channel = connection.create_channel
  channel.on_error { |_channel, close| puts "channel error #{close.reply_text}" }
  finished = Queue.new
  channel.queue('bunny-recovers', durable: true).subscribe(manual_ack: true) do |delivery, _properties, body|
    channel.ack(delivery.delivery_tag)
    puts "received #{body}"
    finished << body if body == 'stop'
  end
  puts 'consuming'
  finished.pop
  connection.close
end

send(ARGV[1])
